"""The labels of the default object detector: COCO's 80, numbered as its models number them."""

# COCO's label map as the model numbers it, from 1; "-" marks numbers that COCO leaves free.
NUMBERED = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,-,"
    "stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,-,"
    "backpack,umbrella,-,-,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,"
    "baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,-,wine glass,cup,fork,"
    "knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,"
    "couch,potted plant,bed,-,dining table,-,-,toilet,-,tv,laptop,mouse,remote,keyboard,cell phone,"
    "microwave,oven,toaster,sink,refrigerator,-,book,clock,vase,scissors,teddy bear,hair drier,"
    "toothbrush"
).split(",")
COCO_LABELS = tuple(label for label in NUMBERED if label != "-")
