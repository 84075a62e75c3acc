import{g as a}from"./shared-4THRTHET.js";export{a as init};
