import{g as a}from"./shared-RZTFUXIM.js";export{a as init};
