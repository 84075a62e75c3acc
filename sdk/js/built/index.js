import{b as a}from"./shared-KMBR43AW.js";export{a as init};
