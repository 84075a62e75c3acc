import{g as a}from"./shared-Z5P7PLUD.js";export{a as init};
