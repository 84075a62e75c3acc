import{g as a}from"./shared-FHRPFQIR.js";export{a as init};
