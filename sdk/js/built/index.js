import{g as a}from"./shared-GBYHJEKO.js";export{a as init};
