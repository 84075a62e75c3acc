import{g as a}from"./shared-GVSUV7FN.js";export{a as init};
