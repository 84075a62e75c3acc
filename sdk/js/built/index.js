import{h as a}from"./shared-SZ65ONQJ.js";export{a as init};
