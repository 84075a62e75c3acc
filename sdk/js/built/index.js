import{b as a}from"./shared-D3WUWTPC.js";export{a as init};
