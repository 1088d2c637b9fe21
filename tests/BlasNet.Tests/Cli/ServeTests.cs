using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary><c>blasnet serve</c>, within this process, on a port that the system chooses.</summary>
[Collection(CommandLineTests.Name)]
public sealed class ServeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Saved => _folder.File("model.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_service_says_what_the_command_predicts_until_it_is_interrupted()
    {
        Train("lm", seed: 1);
        string[] examples = ["""{"words": ["a", "b", "c"]}""", """{"words": ["d"]}""", """{"words": ["c", "b", "a", "e", "f"]}"""];
        JsonElement[] predicted = Predict(examples);
        using var service = new Service(Saved);
        using HttpClient client = await service.Connect();

        foreach ((string example, JsonElement expected) in examples.Zip(predicted))
            AssertSame(expected, JsonDocument.Parse(await Post(client, example, HttpStatusCode.OK)).RootElement);

        string lines = await Post(client, string.Join('\n', examples) + "\n{\"words\": []}", HttpStatusCode.OK);
        JsonElement[] answers = [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(4, answers.Length);
        Assert.All(predicted.Zip(answers), pair => AssertSame(pair.First, pair.Second));
        Assert.Equal("The request: needs one word at least in 'words'", answers[3].GetProperty("error").GetString());

        while ((await client.GetAsync(new Uri("/health", UriKind.Relative), Cancellation)).StatusCode != HttpStatusCode.OK)
            await Task.Delay(1, Cancellation);

        JsonElement document = await client.GetFromJsonAsync<JsonElement>("/openapi/v1.json", Cancellation);
        Assert.Equal("blasnet serve", document.GetProperty("info").GetProperty("title").GetString());
        Assert.True(document.GetProperty("paths").GetProperty("/predict").TryGetProperty("post", out _));
        Assert.Equal(ExitCodes.Success, service.Interrupt());
    }

    [Theory]
    [InlineData("", "The body is empty")]
    [InlineData("{", "The body is not JSON")]
    [InlineData("[1]", "Each example must be a JSON object; the one at byte 0 is not.")]
    [InlineData("""{"text": "a"}""", "needs a member 'words', a list of texts")]
    [InlineData("""{"words": ["\ud800"]}""", "has a text that is not valid Unicode")]
    [InlineData("""{"words": ["a"], "\udc00": 1}""", "has a name that is not valid Unicode")]
    public async Task A_body_that_is_no_example_is_status_400_and_says_why(string body, string why)
    {
        Train("lm", seed: 1);
        using var service = new Service(Saved);
        using HttpClient client = await service.Connect();
        string problem = JsonDocument.Parse(await Post(client, body, HttpStatusCode.BadRequest)).RootElement.GetProperty("detail").GetString()!;
        Assert.Contains(why, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_file_is_served_where_it_is_watched_and_a_damaged_one_is_not()
    {
        const string Example = """{"words": ["a", "b", "c"]}""";
        Train("lm", seed: 1);
        using var service = new Service(Saved, "--watch");
        using HttpClient client = await service.Connect();
        string before = await Post(client, Example, HttpStatusCode.OK);
        File.WriteAllText(Saved, "damaged");
        await service.AwaitError("the model before is served on");
        Assert.Equal(before, await Post(client, Example, HttpStatusCode.OK));

        Train("lm", seed: 2);
        await service.AwaitError("the new model is served");
        AssertSame(Predict([Example])[0], JsonDocument.Parse(await Post(client, Example, HttpStatusCode.OK)).RootElement);
    }

    [Fact]
    public void What_cannot_be_served_is_named()
    {
        Assert.StartsWith($"Error: {_folder.File("none")}: does not exist", CommandResult.Of("serve", _folder.File("none")).Error, StringComparison.Ordinal);
        Train("lm", seed: 1);
        CommandResult result = CommandResult.Of("serve", Saved, "--urls", "nonsense");
        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.StartsWith("Error: --urls nonsense: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, CommandResult.Of("serve", Saved, "--batch", "0").ExitCode);
    }

    private void Train(string model, int seed)
    {
        string data = _folder.Write("train.txt", "a b c\nc b a\nd e f");
        CommandResult result = CommandResult.Of(
            "train", model, "--data", data, "--dev", data, "--epochs", "1", "--hidden", "6", "--embedding", "5", "--seed", $"{seed}", "--save", Saved);
        Assert.Equal("", result.ExitCode == 0 ? "" : result.Error);
    }

    private JsonElement[] Predict(string[] examples) =>
        CommandResult.Of("predict", Saved, "--data", _folder.Write("in.jsonl", string.Join('\n', examples)), "--json").Json();

    // Batches of another size are computed by other kernels, which round differently.
    private static void AssertSame(JsonElement expected, JsonElement answer)
    {
        Assert.Equal(expected.GetProperty("words").GetRawText(), answer.GetProperty("words").GetRawText());
        Assert.Equal(expected.GetProperty("perplexity").GetDouble(), answer.GetProperty("perplexity").GetDouble(), 1e-4);
    }

    private static async Task<string> Post(HttpClient client, string body, HttpStatusCode status)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        HttpResponseMessage response = await client.PostAsync(new Uri("/predict", UriKind.Relative), content, Cancellation);
        Assert.Equal(status, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private sealed class Service : IDisposable
    {
        private readonly CancellationTokenSource _interruption = new();
        private readonly StringWriter _error = new();
        private readonly OtherThread _thread;
        private int _exitCode = -1;

        public Service(string model, params string[] more)
        {
            TextWriter error = TextWriter.Synchronized(_error);
            _thread = OtherThread.Start(() =>
                _exitCode = CliApplication.Run(["serve", model, "--port", "0", .. more], TextWriter.Null, error, _interruption.Token));
        }

        public async Task<HttpClient> Connect()
        {
            string line = await AwaitError(": POST");
            return new HttpClient { BaseAddress = new Uri(line[(line.LastIndexOf(" at ", StringComparison.Ordinal) + 4)..line.IndexOf(": POST", StringComparison.Ordinal)]) };
        }

        /// <returns>The line that contains a text, once there is one.</returns>
        public async Task<string> AwaitError(string text)
        {
            while (true)
            {
                string? line = Written().Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal));
                if (line is not null)
                    return line;

                Assert.Equal(-1, _exitCode);
                await Task.Delay(1, Cancellation);
            }
        }

        public int Interrupt()
        {
            _interruption.Cancel();
            _thread.Join();
            return _exitCode;
        }

        public void Dispose()
        {
            Interrupt();
            _interruption.Dispose();
        }

        private string Written()
        {
            try
            {
                return _error.ToString();
            }
            catch (ArgumentOutOfRangeException)
            {
                return "";   // read while it was written to
            }
        }
    }
}
