import{g as a}from"./shared-VLHT23ZJ.js";export{a as init};
