"""The Chinese half of the demo corpus: sentences with slots, and what fills them."""

from __future__ import annotations

FAMILY_NAMES = list("陈邓冯高郭韩何胡黄蒋李林刘罗马潘任沈宋孙唐田王吴许杨叶于袁张赵郑周朱")
GIVEN_NAMES = """
安琪 博文 晨曦 春梅 大伟 丹 德华 芳 国强 海燕 浩然 慧敏 佳宁 建军 静怡 俊杰 兰 丽华 琳 敏 明哲 鹏飞 倩 秋实 瑞 淑珍 思远 婷婷 卫东 晓峰 欣怡
雪 雅文 一鸣 永康 雨桐 玉兰 泽宇 志强 子涵
""".split()
CITIES = """
北京 长沙 成都 大连 佛山 福州 广州 贵阳 哈尔滨 杭州 合肥 呼和浩特 济南 昆明 兰州 洛阳 南昌 南京 南宁 宁波 青岛 泉州 三亚 厦门 上海 深圳 沈阳
石家庄 苏州 太原 天津 温州 无锡 武汉 西安 西宁 烟台 银川 扬州 郑州 珠海
""".split()
PROVINCES = "安徽省 福建省 甘肃省 广东省 贵州省 海南省 河北省 湖南省 吉林省 江苏省 青海省 山西省 四川省 云南省 浙江省 德国 法国 韩国 日本 泰国 巴西 肯尼亚".split()
COMPANY_NAMES = """
百川 晨光 东篱 方舟 飞鸿 谷雨 海纳 恒远 宏图 华章 嘉禾 金穗 九州 蓝鲸 乐山 凌云 明德 南山 鹏程 启明 青禾 瑞丰 三江 松果 天衡 同舟 星河 云岭
远航 致远
""".split()
INDUSTRIES = "保险 传媒 电子 纺织 钢铁 航空 化工 机械 科技 能源 汽车 软件 食品 物流 医药 银行".split()
COMPANY_FORMS = ["公司", "集团", "有限公司", "股份有限公司"]
SCHOOLS = ["大学", "师范大学", "理工学院", "第二中学", "医科大学"]
AGENCIES = ["市政府", "市教育局", "市中心医院", "博物馆", "海关", "市公安局", "图书馆", "交响乐团"]

SENTENCES = [
    "{person}于{month}加入{company}，担任研发总监。",
    "{company}{recent}宣布，将在{city}建设第二座工厂。",
    "{city}办事处{day}停电检修，请大家提前安排。",
    "请在{weekday}之前把合同寄给{person}。",
    "出生于{city}的{person}{recent}出任{company}董事长。",
    "受业绩影响，{company}的股价{weekday}下跌了3.5%。",
    "代表团计划于{month}访问{province}。",
    "{agency}{day}批准了这项规划。",
    "我{recent}和{company}的{person}通了电话，她同意延期。",
    "{school}的研究人员发现了一种更便宜的储氢方法。",
    "在{city}工作十年之后，{person}回到{province}教书。",
    "{company}与{company}将共同投资这个项目。",
    "从{city}开往{city}的列车{recent}晚点两个小时。",
    "下一次会议{day}在{city}举行。",
    "{person}毕业于{school}，后来进入{company}工作。",
    "气象台预计，{city}{weekday}有大雨。",
    "两家企业从{year}开始合作。",
    "{city}警方{weekday}抓获了三名嫌疑人。",
    "{agency}有关负责人没有回应。",
    "评委会{recent}公布，{person}和{person}共同获奖。",
    "画展{month}在{city}开幕，{day}结束。",
    "{company}从对手{company}那里请来了{person}。",
    "{province}{month}的出口增长了12%。",
    "能不能帮{person}和我在{city}订一个房间？",
    "{year}，{school}招收了第一批工科学生。",
    "{person}{recent}在{city}的比赛中打进两球。",
    "这座大桥{year}建成，耗资四亿元。",
    "{agency}要求{company}在{day}前退还补贴。",
    "来自{province}的货物预计{weekday}到港。",
    "{school}教授{person}认为这个结果出人意料。",
    "报告由{person}撰写，审计部门已经核对。",
    "电话没有人接，我给{person}留了言。",
    "开会之前请先看一下附件里的说明。",
    "二楼的新打印机又坏了。",
    "总部位于{city}的{company}有员工1200人。",
    "{agency}的医生{recent}救治了六十多名病人。",
    "{city}至{city}的航班{day}恢复。",
    "{person}在{company}工作了三十一年，将于{month}退休。",
    "{city}法院对{company}处以罚款。",
    "{person}先生，您预订的{city}酒店{day}可以入住。",
]
