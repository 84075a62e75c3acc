import{b as a}from"./shared-GNW6DDTM.js";export{a as init};
