import{b as a}from"./shared-MZGQGQD7.js";export{a as init};
