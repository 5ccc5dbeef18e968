"""The project's metadata. Tool settings are in pyproject.toml, the tested set of versions in requirements.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (ROOT / "adaseq" / "version.py").read_text(encoding="utf-8"))[1]

setup(
    name="adaseq",
    version=VERSION,
    description="Train, evaluate, ship and serve models that understand sequences, from one YAML file",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["named entity recognition", "sequence labeling", "part-of-speech", "word segmentation", "CRF"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Natural Language :: Chinese (Simplified)",
        "Natural Language :: English",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
    ],
    packages=find_packages(include=["adaseq", "adaseq.*"]),
    package_data={"adaseq": ["py.typed", "demo/*", "demo/**/*", "serving/static/*"]},
    python_requires=">=3.10",
    install_requires=[
        "torch>=2.4",
        "transformers>=5.0,<6",
        "huggingface_hub>=1.0,<2",
        "safetensors>=0.5",
        "accelerate>=1.10,<2",
        "modelscope>=1.37,<2",
        "modelscope-hub>=0.4.6,<1",
        "pyarrow>=15",
        "pydantic>=2.7,<3",
        "annotated-types>=0.6",
        "pyyaml>=6",
        "regex>=2024.4.16",
        "numpy>=1.26",
        "tqdm>=4.66",
        "typing_extensions>=4.10",
    ],
    extras_require={
        # Prediction with exported models; what `pip install --no-deps adaseq` leaves out of this needs no torch.
        "runtime": ["onnxruntime>=1.20", "tokenizers>=0.21"],
        "onnx": ["onnx>=1.17", "onnxruntime>=1.20", "tokenizers>=0.21"],
        "serve": ["fastapi>=0.115", "starlette>=0.40", "uvicorn>=0.30"],
        "peft": ["peft>=0.17,<1"],
        "retrieval": ["bm25s>=0.2.6,<1"],
        "tensorboard": ["tensorboard>=2.15"],
        "modelscope": ["modelscope[framework]>=1.37,<2"],
        "dev": [
            "bm25s>=0.2.6,<1",
            "datasets>=4.0,<6",
            "fastapi>=0.115",
            "httpx>=0.27",
            "hypothesis>=6.100",
            "import-linter>=2.1",
            "jsonschema>=4.20",
            "mypy>=1.14",
            "onnx>=1.17",
            "onnxruntime>=1.20",
            "peft>=0.17,<1",
            "pytest>=8",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.5",
            "pytorch-crf==0.7.2",
            "ruff>=0.9",
            "selenium>=4.20",
            "seqeval==1.2.2",
            "tensorboard>=2.15",
            "types-PyYAML",
            "types-tqdm",
            "uvicorn>=0.30",
        ],
    },
    entry_points={"console_scripts": ["adaseq=adaseq.commands.main:main"]},
)
