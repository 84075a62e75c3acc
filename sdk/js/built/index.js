import{g as a}from"./shared-Y7J5Z4VT.js";export{a as init};
