import{h as a}from"./shared-4HW6OKN6.js";export{a as init};
