import{g as a}from"./shared-IPQJLONH.js";export{a as init};
