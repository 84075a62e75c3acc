import{g as a}from"./shared-6IVUZBXC.js";export{a as init};
