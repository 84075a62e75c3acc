import{b as a}from"./shared-ZTOKIITI.js";export{a as init};
