import{g as a}from"./shared-TN26CHAZ.js";export{a as init};
