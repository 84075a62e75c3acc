import{b as a}from"./shared-D4HS3SDQ.js";export{a as init};
