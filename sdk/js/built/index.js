import{h as a}from"./shared-B3J25KE6.js";export{a as init};
