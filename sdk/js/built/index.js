<<<<<<< HEAD
import{b as a}from"./shared-YHQ2YQ5R.js";export{a as init};
=======
import{b as a}from"./shared-EAWRLDAW.js";export{a as init};
>>>>>>> 40474df (script: frames, images, video and templates wait for a purpose)
