import{b as a}from"./shared-MDNEB2M5.js";export{a as init};
