import{b as a}from"./shared-FBBSU6NR.js";export{a as init};
