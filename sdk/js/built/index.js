import{g as a}from"./shared-NYWYM7RN.js";export{a as init};
