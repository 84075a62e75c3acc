import{h as a}from"./shared-EDMZEDCM.js";export{a as init};
