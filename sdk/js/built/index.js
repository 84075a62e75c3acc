import{g as a}from"./shared-Z72HAYXS.js";export{a as init};
