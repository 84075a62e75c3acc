import{b as a}from"./shared-X6Z5TCGA.js";export{a as init};
