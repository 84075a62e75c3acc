import{b as a}from"./shared-VP2K4NMS.js";export{a as init};
