import{g as a}from"./shared-BKINJ6CO.js";export{a as init};
