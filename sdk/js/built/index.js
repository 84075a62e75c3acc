import{b as a}from"./shared-432ZN6Y3.js";export{a as init};
