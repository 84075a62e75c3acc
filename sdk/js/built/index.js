import{g as a}from"./shared-NWHSLXCR.js";export{a as init};
