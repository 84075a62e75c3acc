import{b as a}from"./shared-G2EGCBCX.js";export{a as init};
