import{g as a}from"./shared-VAPYHD4B.js";export{a as init};
