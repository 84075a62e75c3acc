import{g as a}from"./shared-XW4GK3ND.js";export{a as init};
