import{g as a}from"./shared-3X4SFZXO.js";export{a as init};
