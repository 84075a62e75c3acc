import{b as a}from"./shared-63J4C77Y.js";export{a as init};
