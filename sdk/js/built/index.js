import{b as a}from"./shared-BNBVH3S5.js";export{a as init};
