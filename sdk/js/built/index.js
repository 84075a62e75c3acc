import{b as a}from"./shared-RMUZSPY4.js";export{a as init};
