import{g as a}from"./shared-VR3HOVE2.js";export{a as init};
