import{h as a}from"./shared-N6BEMJYT.js";export{a as init};
