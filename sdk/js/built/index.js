import{b as a}from"./shared-FCTAH2U2.js";export{a as init};
