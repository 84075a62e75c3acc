import{b as a}from"./shared-LR7HUZUJ.js";export{a as init};
