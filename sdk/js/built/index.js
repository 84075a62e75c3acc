import{g as a}from"./shared-JKZECHWS.js";export{a as init};
