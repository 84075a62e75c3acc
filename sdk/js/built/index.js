import{g as a}from"./shared-H2BMEFT7.js";export{a as init};
