import{b as a}from"./shared-QB3A6PAR.js";export{a as init};
