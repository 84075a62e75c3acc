import{g as a}from"./shared-HAJR3I45.js";export{a as init};
