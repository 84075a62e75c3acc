import{b as a}from"./shared-L3SKS44V.js";export{a as init};
