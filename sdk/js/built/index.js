import{g as a}from"./shared-EAJM25H6.js";export{a as init};
