import{g as a}from"./shared-PC3INEL5.js";export{a as init};
