import{g as a}from"./shared-2PLHSBQS.js";export{a as init};
