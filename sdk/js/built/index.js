import{g as a}from"./shared-HSEO5Q56.js";export{a as init};
