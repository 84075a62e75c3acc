import{b as a}from"./shared-63PT7SLR.js";export{a as init};
