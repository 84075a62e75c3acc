import{b as a}from"./shared-Z4HZJH4P.js";export{a as init};
